-- +goose Up
CREATE UNIQUE INDEX applications_by_place ON applications (place);
