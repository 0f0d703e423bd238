-- +goose Up
CREATE UNIQUE INDEX pipeds_by_name ON pipeds (project_id, name);
