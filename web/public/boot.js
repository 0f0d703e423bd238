// Runs before the first paint: the chosen theme and language. It is a file of
// its own because the page's policy allows no inline script.
{
  const root = document.documentElement
  try {
    const theme = localStorage.getItem('theme')
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme
    const locale = localStorage.getItem('locale') ?? navigator.language
    if (locale.startsWith('ja')) root.lang = 'ja'
  } catch {
    // No storage: the system's theme and language.
  }
}
