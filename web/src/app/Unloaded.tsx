import { lazyRouteComponent } from '@tanstack/react-router'
import { useCallback, useEffect, useState } from 'react'
import { ErrorPanel } from '~/kit'
import { tryAgain } from './reload'

// page is a page's component, loaded when it is needed. The router would load
// the whole again when that fails, and leave an error of the browser where the
// network is gone; so it is told in words that it does not know.
export const page: typeof lazyRouteComponent = (importer, name) =>
  lazyRouteComponent(
    () =>
      importer().catch((cause: Error) => {
        throw new Error(`Not loaded: ${cause.message}`, { cause })
      }),
    name,
  )

// isUnloaded holds for a part of the program that did not arrive, in the words
// of Chromium, Firefox and Safari.
export function isUnloaded(error: unknown): boolean {
  return error instanceof Error && /dynamically imported module|module script failed/.test(error.message)
}

const every = 5000

// Unloaded stands in for a part that did not arrive. It loads the whole again as
// soon as the control plane answers, and leaves what is there alone until then.
// What is wrong otherwise is left to who is around.
export function Unloaded({ error }: { error: unknown }) {
  if (!isUnloaded(error)) throw error
  const [busy, setBusy] = useState(false)
  const ask = useCallback(async (byItself: boolean) => {
    if (!byItself) setBusy(true)
    await tryAgain(byItself)
    setBusy(false)
  }, [])
  useEffect(() => {
    const again = () => void ask(true)
    again()
    const timer = setInterval(again, every)
    addEventListener('online', again)
    return () => {
      clearInterval(timer)
      removeEventListener('online', again)
    }
  }, [ask])
  return <ErrorPanel error={error} onRetry={() => void ask(false)} busy={busy} />
}
