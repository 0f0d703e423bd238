import { Code } from '@connectrpc/connect'
import { hashKey, QueryClient } from '@tanstack/react-query'
import { isCode } from './trouble'

const retries = 2

// Answers to which asking again changes nothing.
const final = [
  Code.InvalidArgument,
  Code.NotFound,
  Code.AlreadyExists,
  Code.PermissionDenied,
  Code.Unauthenticated,
  Code.FailedPrecondition,
  Code.Unimplemented,
]

// What is on screen is kept current by the stream; what is not is asked for
// again when it is shown after some time.
export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5000,
        gcTime: 10 * 60_000,
        retry: (count, error) => count < retries && !final.some(code => isCode(error, code)),
        retryDelay: attempt => Math.min(500 * 2 ** attempt, 5000) * (0.5 + Math.random() / 2),
        networkMode: 'always',
        queryKeyHashFn: key => hashKey(withoutBigints(key) as readonly unknown[]),
      },
      mutations: { retry: false, networkMode: 'always' },
    },
  })
}

function withoutBigints(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return value.map(withoutBigints)
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withoutBigints(v)]))
  }
  return value
}
