// Readers of search parameters. The address holds text only; lists have names
// that end in [], as PipeCD writes them. What is not understood is left out, so
// an old or mistyped link still opens.

export type RawSearch = Record<string, unknown>

export function text(raw: RawSearch, name: string): string | undefined {
  const value = raw[name]
  if (typeof value === 'string') return value === '' ? undefined : value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

// texts reads a list: labels[]=a&labels[]=b comes as the list under "labels".
export function texts(raw: RawSearch, name: string): string[] | undefined {
  const value = raw[name]
  const list = (Array.isArray(value) ? value : [value]).filter((v): v is string => typeof v === 'string' && v !== '')
  return list.length > 0 ? [...new Set(list)] : undefined
}

export function oneOf<T extends string>(raw: RawSearch, name: string, allowed: readonly T[]): T | undefined {
  const value = text(raw, name)
  return allowed.find(a => a === value)
}

// enumName reads a value of a contract's enum, written as its name or, as PipeCD
// does, as its number. It returns the name.
export function enumName<E extends Record<string, string | number>>(
  raw: RawSearch,
  name: string,
  of: E,
): (keyof E & string) | undefined {
  const value = text(raw, name)
  if (value === undefined) return undefined
  const byName = Object.keys(of).find(k => typeof of[k] === 'number' && k.toLowerCase() === value.toLowerCase())
  const byNumber = /^\d+$/.test(value) ? of[value] : undefined
  return byName ?? (typeof byNumber === 'string' ? byNumber : undefined)
}

// without drops what is not set, so that exact optional properties stay absent.
export function without<T extends object>(search: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(search).filter(([, v]) => v !== undefined)) as never
}

// parseSearch and stringifySearch are the router's: plain text instead of JSON.
export function parseSearch(query: string): RawSearch {
  const out: RawSearch = {}
  for (const [name, value] of new URLSearchParams(query)) {
    if (!name.endsWith('[]')) out[name] ??= value
    else {
      const plain = name.slice(0, -2)
      const list = Array.isArray(out[plain]) ? (out[plain] as string[]) : []
      out[plain] = [...list, value]
    }
  }
  return out
}

export function stringifySearch(search: RawSearch): string {
  const out = new URLSearchParams()
  for (const [name, value] of Object.entries(search)) {
    if (Array.isArray(value)) for (const v of value) out.append(`${name}[]`, String(v))
    else if (value !== undefined && value !== null && value !== '' && value !== false) out.append(name, String(value))
  }
  const query = out.toString().replaceAll('%5B%5D', '[]').replaceAll('%3A', ':').replaceAll('%2F', '/')
  return query ? `?${query}` : ''
}
