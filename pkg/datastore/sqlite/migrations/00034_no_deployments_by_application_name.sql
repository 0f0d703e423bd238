-- +goose Up
DROP INDEX deployments_by_application_name;
