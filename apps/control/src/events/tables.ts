// The outbox: events in the order they became true.
import type { Generated } from 'kysely';

export type EventTables = {
  events: {
    id: Generated<number>;
    at: number;
    name: string;
    host_id: string | null;
    run_id: string | null;
    body: string;
  };
};
