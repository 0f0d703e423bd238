-- +goose Up
DROP INDEX applications_by_project;
