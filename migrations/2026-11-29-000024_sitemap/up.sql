-- Where each record stands among those of its kind that were ever public, in the order in which they became so. Places
-- stay, so slices of them are sitemaps that never hold too many.
ALTER TABLE harvest_items ADD COLUMN place bigint CHECK (place > 0);
UPDATE harvest_items SET place = ranked.place
FROM (SELECT record_id, row_number() OVER (PARTITION BY kind ORDER BY record_id) AS place FROM harvest_items) AS ranked
WHERE harvest_items.record_id = ranked.record_id;
ALTER TABLE harvest_items ALTER COLUMN place SET NOT NULL;
CREATE UNIQUE INDEX harvest_items_places ON harvest_items (kind, place);

-- Which slices hold something, and when each last changed, without a look at what is in them.
CREATE INDEX harvest_items_slices ON harvest_items (kind, ((place - 1) / 50000), deleted, changed_at);

-- The next place. Who writes here holds a lock, so that no two get the same.
CREATE FUNCTION place_harvest_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.place := 1 + coalesce((SELECT max(place) FROM harvest_items WHERE kind = NEW.kind), 0);
    RETURN NEW;
END $$;
CREATE TRIGGER harvest_items_place BEFORE INSERT ON harvest_items FOR EACH ROW EXECUTE FUNCTION place_harvest_item();
