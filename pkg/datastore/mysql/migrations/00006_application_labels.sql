-- +goose Up
CREATE TABLE IF NOT EXISTS application_labels (
  owner_id   VARBINARY(255) NOT NULL,
  label      VARBINARY(64) NOT NULL,
  project_id VARBINARY(255) NOT NULL,
  sort_at    BIGINT NOT NULL,
  PRIMARY KEY (owner_id, label),
  KEY application_labels_by_label (label, project_id, sort_at, owner_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;
