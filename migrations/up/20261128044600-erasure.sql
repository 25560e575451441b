-- Secrets that an address was sent and that were used or voided: they go with the person before their time is over.
CREATE INDEX flows_spent ON flows (address) WHERE consumed_at IS NOT NULL;
