-- What the indexes of the service are told beside the writes: that a record is to be taken in again, as it is. Nobody else
-- is told of it.
ALTER TABLE changes ADD COLUMN is_write boolean NOT NULL DEFAULT true;
UPDATE changes SET is_write = false WHERE EXISTS (
    SELECT FROM (SELECT xid, seq, row_number() OVER (PARTITION BY record_id, version ORDER BY seq) AS time FROM changes) AS told
    WHERE told.xid = changes.xid AND told.seq = changes.seq AND told.time > 1);
