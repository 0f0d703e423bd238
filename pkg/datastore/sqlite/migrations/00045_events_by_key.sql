-- +goose Up
CREATE INDEX events_by_key ON events (project_id, event_key, created_at, id);
