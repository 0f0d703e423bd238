-- +goose Up
CREATE TABLE stage_log_journal (
  log        TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  last_index INTEGER NOT NULL,
  bytes      INTEGER NOT NULL,
  waits      INTEGER NOT NULL,
  added_at   INTEGER NOT NULL,
  content    BLOB    NOT NULL,
  PRIMARY KEY (log, name)
) STRICT, WITHOUT ROWID;
