-- +goose Up
CREATE INDEX application_labels_by_label ON application_labels (label, project_id, sort_at, owner_id);
