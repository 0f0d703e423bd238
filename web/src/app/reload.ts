const key = 'loaded again at'
const pause = 60_000 // ms

// tryAgain loads the page again if the control plane answers. By itself it does
// so at most once a minute: what is missing for good must not make a loop.
export async function tryAgain(byItself: boolean, load = () => location.reload()): Promise<void> {
  const at = Date.now()
  if (byItself && at - Number(sessionStorage.getItem(key)) < pause) return
  const answer = await fetch('/', { method: 'HEAD', cache: 'no-store' }).catch(() => undefined)
  if (!answer?.ok) return
  sessionStorage.setItem(key, String(at))
  load()
}
