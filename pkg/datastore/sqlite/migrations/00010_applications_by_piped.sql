-- +goose Up
CREATE INDEX applications_by_piped ON applications (piped_id, deleted, updated_at, id);
