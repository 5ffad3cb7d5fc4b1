-- What the two peers read: a copy of the published rows that suits them best, in a schema of its own.
--
-- Narrow tables, foreign keys, and for each of the benchmark's reads an index in its very order. `found_navigator` and
-- `found_project` hold the wider topics too, because the hub finds by them. Nothing here is guarded row by row.

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lotsennetz_bench') THEN
    CREATE ROLE lotsennetz_bench LOGIN;
  END IF;
END $$;

DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;
SET search_path = bench;

CREATE TABLE city AS SELECT ags, name, population FROM directory.city ORDER BY ags;
ALTER TABLE city ADD PRIMARY KEY (ags);

CREATE TABLE topic AS SELECT code, de FROM directory.topic ORDER BY code;
ALTER TABLE topic ADD PRIMARY KEY (code);

CREATE TABLE navigator AS SELECT id, ags, title, department FROM directory.navigator ORDER BY ags, id;
ALTER TABLE navigator ADD PRIMARY KEY (id);
ALTER TABLE navigator ALTER ags SET NOT NULL;
ALTER TABLE navigator ADD CONSTRAINT navigator_city FOREIGN KEY (ags) REFERENCES city;
CREATE INDEX navigator_of_city ON navigator (ags, id);

CREATE TABLE navigator_topic AS
  SELECT id AS navigator_id, unnest(topics_public) AS topic_code FROM directory.navigator
  ORDER BY 1, 2;
ALTER TABLE navigator_topic ADD PRIMARY KEY (navigator_id, topic_code);
ALTER TABLE navigator_topic ADD CONSTRAINT navigator_topic_navigator FOREIGN KEY (navigator_id) REFERENCES navigator;
ALTER TABLE navigator_topic ADD CONSTRAINT navigator_topic_topic FOREIGN KEY (topic_code) REFERENCES topic;

CREATE TABLE found_navigator AS
  SELECT topic AS topic_code, navigator_id FROM directory.navigator_topic WHERE listed_public ORDER BY 1, 2;
ALTER TABLE found_navigator ADD PRIMARY KEY (topic_code, navigator_id);
ALTER TABLE found_navigator ADD CONSTRAINT found_navigator_topic FOREIGN KEY (topic_code) REFERENCES topic;
ALTER TABLE found_navigator ADD CONSTRAINT found_navigator_navigator FOREIGN KEY (navigator_id) REFERENCES navigator;

CREATE TABLE project AS SELECT id, title, stage FROM directory.project ORDER BY id;
ALTER TABLE project ADD PRIMARY KEY (id);

CREATE TABLE found_project AS
  SELECT topic AS topic_code, sort_key, project_id FROM directory.project_topic ORDER BY 1, 2, 3;
ALTER TABLE found_project ADD PRIMARY KEY (topic_code, sort_key, project_id);
ALTER TABLE found_project ADD CONSTRAINT found_project_topic FOREIGN KEY (topic_code) REFERENCES topic;
ALTER TABLE found_project ADD CONSTRAINT found_project_project FOREIGN KEY (project_id) REFERENCES project;

CREATE TABLE project_navigator AS SELECT project_id, navigator_id FROM directory.project_navigator ORDER BY 1, 2;
ALTER TABLE project_navigator ADD PRIMARY KEY (project_id, navigator_id);
ALTER TABLE project_navigator ADD CONSTRAINT project_navigator_project FOREIGN KEY (project_id) REFERENCES project;
ALTER TABLE project_navigator ADD CONSTRAINT project_navigator_navigator FOREIGN KEY (navigator_id) REFERENCES navigator;

COMMENT ON CONSTRAINT navigator_city ON navigator IS E'@foreignFieldName navigators\n@fieldName city';
COMMENT ON CONSTRAINT navigator_topic_navigator ON navigator_topic IS E'@foreignFieldName topics\n@fieldName navigator';
COMMENT ON CONSTRAINT navigator_topic_topic ON navigator_topic IS E'@foreignFieldName having\n@fieldName topic';
COMMENT ON CONSTRAINT found_navigator_topic ON found_navigator IS E'@foreignFieldName navigators\n@fieldName topic';
COMMENT ON CONSTRAINT found_navigator_navigator ON found_navigator IS E'@foreignFieldName found\n@fieldName navigator';
COMMENT ON CONSTRAINT found_project_topic ON found_project IS E'@foreignFieldName projects\n@fieldName topic';
COMMENT ON CONSTRAINT found_project_project ON found_project IS E'@foreignFieldName found\n@fieldName project';
COMMENT ON CONSTRAINT project_navigator_project ON project_navigator IS
  E'@foreignFieldName navigators\n@fieldName project';
COMMENT ON CONSTRAINT project_navigator_navigator ON project_navigator IS
  E'@foreignFieldName projects\n@fieldName navigator';

GRANT USAGE ON SCHEMA bench TO lotsennetz_bench;
GRANT SELECT ON ALL TABLES IN SCHEMA bench TO lotsennetz_bench;
