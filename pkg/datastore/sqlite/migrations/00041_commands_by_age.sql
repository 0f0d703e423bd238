-- +goose Up
CREATE INDEX commands_by_age ON commands (status, created_at, id);
