import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react'
import { type Catalog, chooseLocale, type Locale, loadCatalog } from './catalog'
import { type Formats, newFormats, tagOf } from './format'

export { type Catalog, type Locale, loadCatalog, locales } from './catalog'
export type { Formats } from './format'
export { localTimes, piecesOf, shortTime } from './stamps'

interface Language {
  readonly locale: Locale
  readonly texts: Catalog
  readonly formats: Formats
  setLocale(locale: Locale): Promise<void>
}

const LanguageContext = createContext<Language | undefined>(undefined)

const key = 'locale'

export function initialLocale(): Locale {
  return chooseLocale(localStorage.getItem(key), navigator.languages)
}

interface Props {
  locale: Locale
  texts: Catalog
  children: ReactNode
}

// LanguageProvider gives the texts and formats of the chosen language. It starts
// with a language that is loaded already.
export function LanguageProvider({ locale, texts, children }: Props) {
  const [now, setNow] = useState({ locale, texts })
  const setLocale = useCallback(async (next: Locale) => {
    const loaded = await loadCatalog(next)
    localStorage.setItem(key, next)
    document.documentElement.lang = next
    setNow({ locale: next, texts: loaded })
  }, [])
  const value = useMemo(
    () => ({
      ...now,
      formats: newFormats(now.locale, undefined, tagOf(now.locale, navigator.languages)),
      setLocale,
    }),
    [now, setLocale],
  )
  return <LanguageContext value={value}>{children}</LanguageContext>
}

export function useLanguage(): Language {
  const language = useContext(LanguageContext)
  if (!language) throw new Error('useLanguage outside of LanguageProvider')
  return language
}

// useTexts returns the catalogue: const t = useTexts(); t.applications.title.
export function useTexts(): Catalog {
  return useLanguage().texts
}

export function useFormats(): Formats {
  return useLanguage().formats
}
