-- +goose Up
CREATE INDEX events_by_status ON events (project_id, status, created_at, id);
