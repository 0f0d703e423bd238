-- +goose Up
CREATE INDEX applications_by_name ON applications (project_id, deleted, name, updated_at, id);
