-- +goose Up
CREATE TABLE piped_seen (
  piped_id TEXT    NOT NULL PRIMARY KEY REFERENCES pipeds (id),
  seen_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
