-- Secrets that an address was sent and that were used or voided: they are erased with the person before they expire.
CREATE INDEX flows_spent ON flows (address) WHERE consumed_at IS NOT NULL;
