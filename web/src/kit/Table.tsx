import type { ReactNode } from 'react'
import { cx } from './cx'
import styles from './Table.module.css'

export interface Column<Row> {
  id: string
  heading: string
  cell: (row: Row) => ReactNode
  // The column that names the row: on a phone, the card's title.
  lead?: boolean
  // As narrow as its content.
  tight?: boolean
  // A CSS length. Where a column has one, columns keep their widths whatever the
  // cells say, and those without share what is left.
  width?: string
  end?: boolean
  // Left out below 1024 px.
  extra?: boolean
  // On a phone, without its heading and beside its neighbours.
  bare?: boolean
  // The row's menu; its heading is only told to screen readers.
  menu?: boolean
}

interface Props<Row> {
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  keyOf: (row: Row) => string
  // Greyed, as what is disabled.
  dim?: (row: Row) => boolean
}

// Table is a table that becomes cards on a phone. Put data-row on the link that
// opens a row: j and k go from one to the next.
export function Table<Row>({ label, columns, rows, keyOf, dim }: Props<Row>) {
  return (
    <table className={cx(styles.table, columns.some(c => c.width) && styles.fixed)} aria-label={label}>
      <thead>
        <tr>
          {columns.map(c => (
            <th key={c.id} scope="col" className={classOf(c)} style={c.width ? { width: c.width } : undefined}>
              {c.menu ? <span className="sr-only">{c.heading}</span> : c.heading}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(row => (
          <tr key={keyOf(row)} className={dim?.(row) ? styles.dim : undefined}>
            {columns.map(c => (
              <td key={c.id} className={classOf(c)} data-heading={c.lead || c.bare || c.menu ? undefined : c.heading}>
                {c.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function classOf<Row>(c: Column<Row>): string | undefined {
  return (
    cx(
      c.lead && styles.lead,
      c.tight && styles.tight,
      c.end && styles.end,
      c.extra && styles.extra,
      c.bare && styles.bare,
      c.menu && styles.menu,
    ) || undefined
  )
}
