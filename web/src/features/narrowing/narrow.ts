// changed sets one part of a filter; what is empty is dropped, so that it is not
// in the address either.
export function changed<F extends object, K extends keyof F>(filter: F, of: K, value: F[K] | '' | undefined): F {
  const { [of]: _, ...rest } = filter
  const empty = value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
  return (empty ? rest : { ...rest, [of]: value }) as F
}
