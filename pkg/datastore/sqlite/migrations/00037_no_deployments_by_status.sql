-- +goose Up
DROP INDEX deployments_by_status;
