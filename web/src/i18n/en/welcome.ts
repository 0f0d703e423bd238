export const welcome = {
  lead: 'Five steps from nothing to a commit that deploys itself. Each is ticked as it happens; you can leave and come back.',
  doneText: 'From here on, a commit is all it takes.',
  progress: (done: string, all: string) => `${done} of ${all} done`,
  done: 'Done',
  now: 'Next',
  later: 'Later',
  or: 'or on the command line',
  command: 'command',
  snippet: 'configuration',
  piped: {
    title: 'Create a piped',
    text: 'The agent that runs beside your infrastructure and deploys for you. It holds the credentials; this control plane never sees them.',
    done: (names: string) => `Created: ${names}`,
    link: 'Add a piped',
  },
  connected: {
    title: 'Start it',
    text: 'Run it where it reaches Git and AWS. It opens connections outwards only.',
    waiting: (name: string) => `Waiting for ${name} to connect…`,
    done: (names: string) => `Connected: ${names}`,
    file: 'The configuration file, piped.yaml',
  },
  repository: {
    title: 'Show it a repository',
    text: 'Add your Git repository, and where it deploys to, to the configuration file of the piped; then start it again.',
    done: (names: string) => `Watching: ${names}`,
  },
  application: {
    title: 'Add an application',
    text: 'A folder in that repository with an app.pipecd.yaml, and the ECS service it describes.',
    found: (n: number, shown: string) =>
      n === 1
        ? 'One application was found in Git and waits to be added.'
        : `${shown} applications were found in Git and wait to be added.`,
    done: (names: string) => `Added: ${names}`,
    link: 'Add an application',
  },
  deployment: {
    title: 'Deploy it',
    text: 'The piped deploys it when it looks at Git next, and then with every commit to its folder. Sync does it at once.',
    done: (name: string) => `Deployed: ${name}`,
    link: 'Open the application',
    linkDone: 'Open the deployment',
  },
  others: (n: number, shown: string) => (n === 1 ? '1 other' : `${shown} others`),
  toApplications: 'Go to Applications',
}
