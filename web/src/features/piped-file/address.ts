import type { Identity } from './file'

// addressOf takes host and port from the base URL that the control plane is
// configured with, or else from where this page came from.
export function addressOf(
  configured: string,
  page: { protocol: string; host: string },
): Pick<Identity, 'address' | 'insecure'> {
  const url = URL.parse(configured) ?? URL.parse(`${page.protocol}//${page.host}`)
  if (!url) return { address: page.host, insecure: false }
  const insecure = url.protocol === 'http:'
  return { address: `${url.hostname}:${url.port || (insecure ? 80 : 443)}`, insecure }
}
