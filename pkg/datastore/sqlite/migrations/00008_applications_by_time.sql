-- +goose Up
CREATE INDEX applications_by_time ON applications (deleted, updated_at, id);
