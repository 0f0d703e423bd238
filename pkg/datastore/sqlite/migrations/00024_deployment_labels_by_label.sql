-- +goose Up
CREATE INDEX deployment_labels_by_label ON deployment_labels (label, project_id, sort_at, owner_id);
