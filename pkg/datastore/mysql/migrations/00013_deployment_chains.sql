-- +goose Up
CREATE TABLE IF NOT EXISTS deployment_chains (
  id         VARBINARY(255) NOT NULL PRIMARY KEY,
  project_id VARBINARY(255) NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  document   LONGTEXT NOT NULL,
  version    BIGINT NOT NULL,
  KEY deployment_chains_by_project (project_id, created_at, id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;
