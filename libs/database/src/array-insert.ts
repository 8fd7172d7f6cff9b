/** A column of a table and where its value comes from. */
export interface InsertColumn<Row> {
  name: string
  /** PostgreSQL's type, of which the statement takes an array. */
  type: string
  value: (row: Row) => unknown
}

/**
 * `INSERT … SELECT` from one array a column, in the order of the rows: PostgreSQL takes at most
 * 65,535 parameters, and plans a statement of always the same text faster.
 */
export function insertFromArrays<Row>(table: string, columns: InsertColumn<Row>[]): string {
  const names = columns.map(({ name }) => name).join(', ')
  const arrays = columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ')
  return `INSERT INTO ${table} (${names}) SELECT * FROM unnest(${arrays})`
}

/** The parameters of `insertFromArrays`. */
export function toArrays<Row>(columns: InsertColumn<Row>[], rows: Row[]): unknown[][] {
  return columns.map(({ value }) => rows.map((row) => value(row)))
}
