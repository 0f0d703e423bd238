-- +goose Up
CREATE INDEX suggestions_by_project ON suggestions (project_id, piped_id);
