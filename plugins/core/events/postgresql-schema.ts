/** Raised by one where tables change; what is older is brought up to it, and what is newer is left alone. */
export const schemaVersion = 1;

/** Any number, the same for all gateways: who makes the tables holds this lock of the database. */
export const schemaLock = 7_370_823_144_101;

/** What is kept, in a schema of its own. Keys are compared octet by octet, wherever the database was made. */
export const tables = `
  CREATE TABLE gatekeeper.state (
    version integer NOT NULL, key bigint NOT NULL,
    place bigint NOT NULL, cleared bigint NOT NULL, clearing bigint NOT NULL
  );
  CREATE TABLE gatekeeper.event (place bigint PRIMARY KEY, time bigint NOT NULL, body text NOT NULL);
  CREATE INDEX event_time ON gatekeeper.event (time);
  CREATE TABLE gatekeeper.term (hash bigint NOT NULL, place bigint NOT NULL, PRIMARY KEY (hash, place));
  CREATE TABLE gatekeeper.tally (
    topic text COLLATE "C" NOT NULL, at bigint NOT NULL,
    k0 text COLLATE "C" NOT NULL, k1 text COLLATE "C" NOT NULL, k2 text COLLATE "C" NOT NULL,
    k3 text COLLATE "C" NOT NULL, k4 text COLLATE "C" NOT NULL, k5 text COLLATE "C" NOT NULL,
    count bigint NOT NULL, recipients bigint NOT NULL, bytes bigint NOT NULL,
    first bigint NOT NULL, last bigint NOT NULL, hours integer NOT NULL, sample text COLLATE "C" NOT NULL,
    PRIMARY KEY (topic, at, k0, k1, k2, k3, k4, k5)
  );`;

/** One row for each element of the arrays; what is counted already is added to. */
export const countRows = countRowsOf('');

function countRowsOf(turn: string): string {
  return `
  INSERT INTO gatekeeper.tally AS known
  SELECT one.* FROM ${turn} unnest(
    $1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::integer[], $15::text[]
  ) AS one
  ON CONFLICT (topic, at, k0, k1, k2, k3, k4, k5) DO UPDATE SET
    count = known.count + excluded.count, recipients = known.recipients + excluded.recipients,
    bytes = known.bytes + excluded.bytes, first = least(known.first, excluded.first),
    last = greatest(known.last, excluded.last), hours = known.hours | excluded.hours,
    sample = CASE WHEN excluded.sample = '' THEN known.sample ELSE excluded.sample END`;
}

/**
 * All in one statement, which is one way to the server and back. It takes the next places first, and with them the turn: whoever
 * writes at the same time waits for that row, so that places are seen in their order, whoever wrote them. With it goes what a
 * late event moves back: all in one row, since only of that what another has changed meanwhile is seen.
 */
export const appendRows = `
  WITH turn AS (
    UPDATE gatekeeper.state SET place = place + cardinality($16::bigint[]),
      cleared = least(cleared, $20::bigint), clearing = least(clearing, $20::bigint)
    RETURNING place - cardinality($16::bigint[]) AS before
  ), events AS (
    INSERT INTO gatekeeper.event
    SELECT turn.before + one.number, one.time, one.body
    FROM turn, unnest($16::bigint[], $17::text[]) WITH ORDINALITY AS one (time, body, number)
  ), terms AS (
    INSERT INTO gatekeeper.term
    SELECT one.hash, turn.before + one.number
    FROM turn, unnest($18::bigint[], $19::bigint[]) AS one (hash, number)
    ON CONFLICT DO NOTHING
  ) ${countRowsOf('turn,')}`;

/** Writes events anew, or takes them away where there is no new body; only those that are still as they were read. */
export const editRows = `
  WITH change AS (
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[]) AS one (place, before, after)
  ), edited AS (
    UPDATE gatekeeper.event SET body = change.after FROM change
    WHERE event.place = change.place AND event.body = change.before AND change.after IS NOT NULL
    RETURNING event.place
  ), removed AS (
    DELETE FROM gatekeeper.event USING change
    WHERE event.place = change.place AND event.body = change.before AND change.after IS NULL
    RETURNING event.place
  ), done AS (
    SELECT place FROM edited UNION ALL SELECT place FROM removed
  ), lost AS (
    DELETE FROM gatekeeper.term USING unnest($4::bigint[], $5::bigint[]) AS one (hash, place)
    WHERE term.hash = one.hash AND term.place = one.place AND one.place IN (SELECT place FROM done)
  ), found AS (
    INSERT INTO gatekeeper.term
    SELECT one.hash, one.place FROM unnest($6::bigint[], $7::bigint[]) AS one (hash, place)
    WHERE one.place IN (SELECT place FROM done)
    ON CONFLICT DO NOTHING
  )
  SELECT place FROM done`;

/** Takes tallies away that are still as they were read. */
export const uncountRows = `
  DELETE FROM gatekeeper.tally AS known USING unnest(
    $1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[]
  ) AS one (topic, at, k0, k1, k2, k3, k4, k5, count, recipients, bytes, first, last)
  WHERE (known.topic, known.at, known.k0, known.k1, known.k2, known.k3, known.k4, known.k5)
      = (one.topic, one.at, one.k0, one.k1, one.k2, one.k3, one.k4, one.k5)
    AND (known.count, known.recipients, known.bytes, known.last) = (one.count, one.recipients, one.bytes, one.last)`;
