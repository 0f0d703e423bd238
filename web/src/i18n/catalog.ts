import { en } from './en'

// Catalog is every text of the UI. English defines it; another language that
// lacks a text does not compile.
export type Catalog = typeof en

export type Locale = 'en' | 'ja'

export const locales: readonly { id: Locale; name: string }[] = [
  { id: 'en', name: 'English' },
  { id: 'ja', name: '日本語' },
]

// chooseLocale returns the language to use: what was chosen, else the first of
// the browser's that there is, else English.
export function chooseLocale(chosen: string | null, wanted: readonly string[]): Locale {
  for (const tag of chosen ? [chosen, ...wanted] : wanted) {
    const found = locales.find(l => l.id === tag.toLowerCase().split('-')[0])
    if (found) return found.id
  }
  return 'en'
}

export async function loadCatalog(locale: Locale): Promise<Catalog> {
  return locale === 'ja' ? (await import('./ja')).ja : en
}
