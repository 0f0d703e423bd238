import { type RawSearch, text, without } from '~/kit/search'

export interface LoginSearch {
  project?: string
  // Where to go afterwards; a path of this site.
  return?: string
}

export function loginSearch(raw: RawSearch): LoginSearch {
  return without({ project: text(raw, 'project'), return: localPath(text(raw, 'return')) })
}

// localPath lets only paths of this site through.
export function localPath(path: string | undefined): string | undefined {
  if (path === undefined || !path.startsWith('/')) return undefined
  try {
    const url = new URL(path, 'http://here.invalid')
    const here = url.host === 'here.invalid' && !url.pathname.startsWith('//')
    return here && url.pathname !== '/login' ? url.pathname + url.search + url.hash : undefined
  } catch {
    return undefined
  }
}
