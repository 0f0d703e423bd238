-- +goose Up
CREATE TABLE deployment_labels (
  owner_id   TEXT    NOT NULL REFERENCES deployments (id),
  label      TEXT    NOT NULL,
  project_id TEXT    NOT NULL,
  sort_at    INTEGER NOT NULL,
  PRIMARY KEY (owner_id, label)
) STRICT, WITHOUT ROWID;
