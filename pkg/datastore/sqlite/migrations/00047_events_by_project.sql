-- +goose Up
CREATE INDEX events_by_project ON events (project_id, created_at, id);
