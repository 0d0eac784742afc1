// What the folders beside this were made from, word for word as the tools wrote them:
//   drizzle-kit generate --dialect postgresql --schema schema.ts --name made --out journal   (0.31.11)
//   drizzle-kit generate --dialect postgresql --schema schema.ts --name made --out v1        (1.0.0-rc.5-ab785fc)
import { sql } from "drizzle-orm";
import * as pg from "drizzle-orm/pg-core";

export const mood = pg.pgEnum("mood", ["sad", "ok"]);
export const odd = pg.pgEnum("Odd Mood", ["x"]);
export const user = pg.pgSchema("user");
export const level = user.enum("level", ["low", "high"]);
const citext = pg.customType<{ data: string }>({ dataType: () => "citext" });
const int8 = pg.customType<{ data: string }>({ dataType: () => "int8" });

export const order = pg.pgTable("order", {
  id: pg.serial().primaryKey(),
  big: pg.bigserial({ mode: "number" }),
  small: pg.smallserial(),
  always: pg.integer().generatedAlwaysAsIdentity(),
  default: pg.bigint({ mode: "number" }).generatedByDefaultAsIdentity(),
  generated: pg.text().generatedAlwaysAs(sql`'x'`),
  // Names that are keywords of one kind or another, or no plain ones.
  user: pg.text(),
  position: pg.integer().notNull(),
  timestamp: pg.timestamp(),
  end: pg.timestamp({ withTimezone: true }),
  left: pg.text(),
  name: pg.text(),
  camelCase: pg.text(),
  "a $": pg.text(),
  a$: pg.text(),
  json: pg.json(),
  jsonb: pg.jsonb(),
  char: pg.char(),
  char5: pg.char({ length: 5 }),
  varchar: pg.varchar(),
  varchar80: pg.varchar({ length: 80 }),
  numeric: pg.numeric(),
  numeric10: pg.numeric({ precision: 10 }),
  numeric10_2: pg.numeric({ precision: 10, scale: 2 }),
  real: pg.real(),
  double: pg.doublePrecision(),
  boolean: pg.boolean(),
  smallint: pg.smallint(),
  bigint: pg.bigint({ mode: "bigint" }),
  timestamp0: pg.timestamp({ precision: 0 }),
  timestamp3: pg.timestamp({ precision: 3 }),
  timestamptz3: pg.timestamp({ precision: 3, withTimezone: true }),
  time: pg.time(),
  time3: pg.time({ precision: 3 }),
  timetz: pg.time({ withTimezone: true }),
  timetz3: pg.time({ precision: 3, withTimezone: true }),
  date: pg.date(),
  interval: pg.interval(),
  interval3: pg.interval({ precision: 3 }),
  year: pg.interval({ fields: "year" }),
  second3: pg.interval({ fields: "day to second", precision: 3 }),
  uuid: pg.uuid(),
  inet: pg.inet(),
  macaddr8: pg.macaddr8(),
  point: pg.point(),
  line: pg.line(),
  bit3: pg.bit({ dimensions: 3 }),
  mood: mood().notNull(),
  odd: odd(),
  level: level(),
  citext: citext(),
  int8: int8(),
  texts: pg.text().array(),
  varchars: pg.varchar({ length: 10 }).array(),
  chars: pg.char({ length: 3 }).array(),
  numerics: pg.numeric({ precision: 10, scale: 2 }).array(),
  timestamps: pg.timestamp({ precision: 3 }).array(),
  moods: mood().array().notNull(),
  odds: odd().array(),
  levels: level().array(),
  citexts: citext().array(),
});
export const both = pg.pgTable(
  "both",
  { a: pg.integer(), b: pg.varchar({ length: 9 }), c: pg.text() },
  (table) => [pg.primaryKey({ columns: [table.a, table.b] })],
);
export const group = user.table("group", { id: pg.uuid().primaryKey().defaultRandom() });
export const view = pg.pgView("select").as((query) => query.select().from(both));
