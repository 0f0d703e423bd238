import { Languages, Monitor, Moon, Sun } from 'lucide-react'
import { type Locale, locales, useLanguage, useTexts } from '~/i18n'
import { buttonClass, Menu, type MenuItem, setTheme, type Theme, useTheme } from '~/kit'

const icons: Record<Theme, typeof Sun> = { system: Monitor, light: Sun, dark: Moon }

// useAppearanceItems are the entries for theme and language of any menu.
export function useAppearanceItems(): { theme: MenuItem[]; language: MenuItem[] } {
  const t = useTexts()
  const theme = useTheme()
  const { locale, setLocale } = useLanguage()
  const names: Record<Theme, string> = {
    system: t.shell.themeSystem,
    light: t.shell.themeLight,
    dark: t.shell.themeDark,
  }
  return {
    theme: (['system', 'light', 'dark'] as const).map(id => {
      const Icon = icons[id]
      return {
        id,
        label: names[id],
        icon: <Icon size={16} aria-hidden="true" />,
        checked: id === theme,
        onSelect: () => setTheme(id),
      }
    }),
    language: locales.map(l => ({
      id: l.id,
      label: l.name,
      icon: <Languages size={16} aria-hidden="true" />,
      checked: l.id === locale,
      onSelect: () => void setLocale(l.id as Locale),
    })),
  }
}

// Appearance are two small menus, for pages without the shell.
export function Appearance() {
  const t = useTexts()
  const theme = useTheme()
  const { locale } = useLanguage()
  const items = useAppearanceItems()
  const Icon = icons[theme]
  return (
    <>
      <Menu
        label={t.shell.theme}
        items={items.theme}
        trigger={p => (
          <button {...p} type="button" className={buttonClass('quiet')}>
            <Icon size={16} aria-hidden="true" />
            {t.shell.theme}
          </button>
        )}
      />
      <Menu
        label={t.shell.language}
        items={items.language}
        trigger={p => (
          <button {...p} type="button" className={buttonClass('quiet')}>
            <Languages size={16} aria-hidden="true" />
            <span className="sr-only">{t.shell.language}: </span>
            {locales.find(l => l.id === locale)?.name}
          </button>
        )}
      />
    </>
  )
}
