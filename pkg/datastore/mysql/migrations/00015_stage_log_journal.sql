-- +goose Up
CREATE TABLE IF NOT EXISTS stage_log_journal (
  log        VARBINARY(512) NOT NULL,
  name       VARBINARY(128) NOT NULL,
  last_index BIGINT NOT NULL,
  bytes      BIGINT NOT NULL,
  waits      TINYINT NOT NULL,
  added_at   BIGINT NOT NULL,
  content    LONGBLOB NOT NULL,
  PRIMARY KEY (log, name),
  KEY stage_log_journal_by_age (waits, added_at, bytes)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;
