-- Packed numbers gain little by PostgreSQL's compression, and each commit waits for it.
SET search_path = watchline, public;

ALTER TABLE sector_state ALTER COLUMN rules SET STORAGE EXTERNAL;
