-- +goose Up
CREATE INDEX commands_by_status ON commands (piped_id, status, created_at, id);
