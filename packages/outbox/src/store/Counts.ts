/**
 * What is counted of tickets as they change, so that nobody counts them when asked: how many of a route wait, are under way
 * and have failed; and how many are ready, by priority and block of places. It is kept by triggers, as an index would be: no
 * operation minds it.
 */
import { Effect } from "effect"
import { SqlClient, type Statement } from "effect/sql"

/** So many places are counted as one, of tickets that are ready: about the root of a hundred thousand. */
export const block = 512

/** What a count is of, as a condition on a ticket. */
const counted = {
  ready: "state = 'waiting' AND behind = 0 AND due_at = 0",
  waiting: "state = 'waiting'",
  /** May go as one with the one before it. */
  joining: "state = 'waiting' AND behind = 1 AND merge_key IS NOT NULL",
  taken: "state = 'taken'",
  sending: "state = 'sending'",
  failed: "state = 'failed'"
}
const columns = Object.keys(counted)

/** The same of a row of a trigger. */
const of = (row: "NEW" | "OLD", condition: string) =>
  condition.replaceAll(/\b(?:state|behind|due_at|merge_key)\b/g, (name) => `${row}.${name}`)

const add = (row: "NEW" | "OLD") => {
  const sign = row === "NEW" ? "+" : "-"
  const sums = Object.entries(counted).map(
    ([column, condition]) => `${column} = ${column} ${sign} CASE WHEN ${of(row, condition)} THEN 1 ELSE 0 END`
  )
  const key = ["provider", "route", "priority"].map((name) => `${row}.${name}`).join(", ")
  const own = `(${key}, ${row}.place / ${block})`
  const queue =
    row === "NEW"
      ? `INSERT INTO outbox_queue (provider, route, priority, block, count)
          SELECT ${key}, NEW.place / ${block}, 1 WHERE ${of(row, counted.ready)}
          ON CONFLICT (provider, route, priority, block) DO UPDATE SET count = outbox_queue.count + 1;`
      : ["UPDATE outbox_queue SET count = count - 1", "DELETE FROM outbox_queue"]
          .map(
            (change, i) => `${change} WHERE ${of(row, counted.ready)}
              AND (provider, route, priority, block) = ${own}${i === 1 ? " AND count = 0" : ""};`
          )
          .join("\n")
  return `UPDATE outbox_route SET ${sums.join(", ")} WHERE provider = ${row}.provider AND route = ${row}.route;
    ${queue}`
}

const changing = ["state", "behind", "due_at", "merge_key", "provider", "route", "priority", "place"]
const differs = `(${changing.map((name) => `OLD.${name}`).join(", ")}) IS DISTINCT FROM (${changing.map((name) => `NEW.${name}`).join(", ")})`

const sqlite = [
  `CREATE TRIGGER outbox_inserted AFTER INSERT ON outbox_ticket BEGIN ${add("NEW")} END`,
  `CREATE TRIGGER outbox_deleted AFTER DELETE ON outbox_ticket BEGIN ${add("OLD")} END`,
  `CREATE TRIGGER outbox_updated AFTER UPDATE OF ${changing.join(", ")} ON outbox_ticket
    WHEN ${differs.replace("IS DISTINCT FROM", "IS NOT")} BEGIN ${add("OLD")} ${add("NEW")} END`
]

const pg = [
  `CREATE FUNCTION outbox_counted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP <> 'INSERT' THEN ${add("OLD")} END IF;
    IF TG_OP <> 'DELETE' THEN ${add("NEW")} END IF;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER outbox_stored AFTER INSERT OR DELETE ON outbox_ticket
    FOR EACH ROW EXECUTE FUNCTION outbox_counted()`,
  `CREATE TRIGGER outbox_updated AFTER UPDATE OF ${changing.join(", ")} ON outbox_ticket
    FOR EACH ROW WHEN (${differs}) EXECUTE FUNCTION outbox_counted()`
]

/** Counts what there is, and from now on all that changes. */
export const count = (int: Statement.Fragment) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    for (const column of columns) {
      yield* sql`ALTER TABLE outbox_route ADD COLUMN ${sql(column)} ${int} NOT NULL DEFAULT 0`
    }
    yield* sql`CREATE TABLE outbox_queue (
      provider TEXT NOT NULL,
      route TEXT NOT NULL,
      priority ${int} NOT NULL,
      block ${int} NOT NULL,
      count ${int} NOT NULL,
      PRIMARY KEY (provider, route, priority, block)
    )`
    const ready = sql.literal(counted.ready)
    yield* sql`INSERT INTO outbox_queue SELECT provider, route, priority, place / ${sql.literal(String(block))}, count(*)
      FROM outbox_ticket WHERE ${ready} GROUP BY 1, 2, 3, 4`
    for (const [column, condition] of Object.entries(counted)) {
      yield* sql`UPDATE outbox_route SET ${sql(column)} = (SELECT count(*) FROM outbox_ticket t
        WHERE t.provider = outbox_route.provider AND t.route = outbox_route.route AND ${sql.literal(condition)})`
    }
    const triggers = sql.onDialectOrElse({ pg: () => pg, orElse: () => sqlite })
    yield* Effect.forEach(triggers, (trigger) => sql`${sql.literal(trigger)}`)
  })
