-- +goose Up
CREATE TABLE suggestions (
  piped_id   TEXT NOT NULL PRIMARY KEY REFERENCES pipeds (id),
  project_id TEXT NOT NULL,
  document   TEXT NOT NULL
) STRICT;
