-- +goose Up
CREATE INDEX applications_by_project ON applications (project_id, deleted, updated_at, id, name);
