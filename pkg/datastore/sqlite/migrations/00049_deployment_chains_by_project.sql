-- +goose Up
CREATE INDEX deployment_chains_by_project ON deployment_chains (project_id, created_at, id);
