// What every npm script calls first: gets the packages and a new enough Node, then runs the program. Plain
// JavaScript, because an older Node reads it; it must never change what is installed under a live service.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import module from 'node:module'
import { constants } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const MINIMUM_NODE = 24

// What the tests need beyond npm: a Debian package, and a file that proves it is there.
const DEBIAN_PACKAGES = {
  chromium: '/usr/bin/chromium',
  curl: '/usr/bin/curl',
  haproxy: '/usr/sbin/haproxy',
  'libnss3-tools': '/usr/bin/certutil',
  nginx: '/usr/sbin/nginx',
  pgbouncer: '/usr/sbin/pgbouncer',
  openssl: '/usr/bin/openssl',
  'python3-authlib': '/usr/lib/python3/dist-packages/authlib/__init__.py',
  'python3-requests': '/usr/lib/python3/dist-packages/requests/__init__.py',
  sslscan: '/usr/bin/sslscan',
  postgresql: inSomeVersion('/usr/lib/postgresql', 'bin/initdb'),
  'fonts-noto-cjk': '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc',
}

// A package that brings a service must not start it: the policy forbids it for as long as apt runs. One that
// is there already is the machine's own and stays. A failed update may still leave lists to install from.
const APT_SCRIPT = `
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    trap 'exit 130' HUP INT TERM
    printf '#!/bin/sh\\nexit 101\\n' > $policy && chmod 755 $policy || exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q -o DPkg::Lock::Timeout=120 update
  apt-get -q -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@"
`

const PROGRAMS = { demo: 'src/main.ts', start: 'src/main.ts', ninka: 'src/ninka.ts', test: 'test/run.ts' }

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const isNewEnough = Number.parseInt(process.versions.node, 10) >= MINIMUM_NODE
const carriedNode = `node_modules/node-${process.platform}-${process.arch}/bin/node`
const [mode = '', ...rest] = process.argv.slice(2)

try {
  await prepare()
} catch (error) {
  console.error(`ninka: ${error instanceof Error ? error.message : String(error)}`)
  if (mode === 'test') console.log('0 passed, 1 failed')
  process.exit(1)
}
if (mode === 'demo' || mode === 'start') keepCompiledCode()
if (mode in PROGRAMS) await launch(resolve(PROGRAMS[/** @type {keyof typeof PROGRAMS} */ (mode)]))

/** Makes the machine ready, or throws the one line that tells a person what to do; `install` stops after it. */
async function prepare() {
  if (mode !== 'install' && !(mode in PROGRAMS))
    throw new Error('usage: node src/bootstrap.js demo|start|ninka|test|install')
  await installPackages()
  if (mode === 'test') await installDebianPackages()
  if (!isNewEnough && !existsSync(carriedNode)) {
    throw new Error(
      `Node ${process.versions.node} is too old and npm has none for this machine; install Node ${MINIMUM_NODE} or later`,
    )
  }
}

async function installPackages() {
  const production = mode === 'start' || mode === 'ninka'
  if (isInstalled({ withDevelopment: mode === 'test' || mode === 'install' })) return
  // Replacing packages under a running service is the operator's decision, so a stale tree stops the start.
  if (production && existsSync('node_modules')) {
    throw new Error('node_modules does not match package-lock.json; type: npm ci --omit=dev')
  }
  // Named, because NODE_ENV or the user's npm settings may leave out the tests' packages, or Node itself.
  const kinds = production ? ['--omit=dev'] : ['--include=dev']
  const args = ['ci', '--no-audit', '--no-fund', '--include=optional', ...kinds]
  // The npm that called us, on its own Node: the one on the PATH may lie in node_modules, which npm ci deletes.
  const { npm_execpath: npm, npm_node_execpath: node } = process.env
  const status = npm && node ? await run(node, [npm, ...args]) : await run('npm', args)
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed`)
}

/**
 * Whether node_modules holds what package-lock.json asks for. npm's own record of the tree is compared, not a
 * mark of ours: an `npm ci` typed by hand counts, and a tree without the development packages is known as such.
 * @param {{ withDevelopment: boolean }} options
 */
function isInstalled({ withDevelopment }) {
  const record = 'node_modules/.package-lock.json'
  if (!existsSync(record)) return false
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages
  const wanted = Object.entries(JSON.parse(readFileSync('package-lock.json', 'utf8')).packages)
  return wanted.every(([path, { version, integrity, optional, dev }]) => {
    if (path === '') return true
    const found = installed[path]
    if (!found) return optional || (dev && !withDevelopment)
    return found.version === version && found.integrity === integrity
  })
}

async function installDebianPackages() {
  const missing = Object.entries(DEBIAN_PACKAGES).flatMap(([name, file]) => (existsSync(file) ? [] : [name]))
  if (missing.length === 0) return
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const byHand = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}`
  if (!works('apt-get', ['--version']) || (asRoot.length > 0 && !works('sudo', ['-n', 'true']))) {
    throw new Error(`the tests need ${missing.join(', ')}; type as root: ${byHand}`)
  }
  const [command = '', ...args] = [...asRoot, 'sh', '-c', APT_SCRIPT, 'sh', ...missing]
  if ((await run(command, args)) !== 0)
    throw new Error(`the tests need ${missing.join(', ')}; failed: ${byHand}`)
}

/**
 * Whatever Node compiled at the last start it need not compile again: that is half of a start. It is kept where the data are, and
 * nowhere where others could put code of theirs.
 */
function keepCompiledCode() {
  if (process.env.NODE_COMPILE_CACHE) return
  const folder = resolve(process.env.DATA_DIR || 'data', 'code-cache')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch {
    // It is there already, or there cannot be one: then every start compiles anew.
  }
  const { uid, mode: rights } = statSync(folder, { throwIfNoEntry: false }) ?? { uid: -1, mode: 0 }
  if (uid !== process.getuid?.() || (rights & 0o022) !== 0) return
  // Of the environment, so that workers find it, and a newer Node than this one.
  process.env.NODE_COMPILE_CACHE = folder
  if (isNewEnough) module.enableCompileCache(folder)
}

/**
 * Runs the program in this process where its Node is new enough, else in a child.
 * @param {string} program
 */
async function launch(program) {
  if (isNewEnough) {
    process.argv = [process.execPath, program, mode, ...rest]
    await import(pathToFileURL(program).href)
  } else {
    process.exitCode = await run(carriedNode, [...process.execArgv, program, mode, ...rest])
  }
}

/**
 * Runs a command to its end, hands our signals on to it, and gives its exit status as a shell would.
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<number>}
 */
function run(command, args) {
  return new Promise((settle, reject) => {
    const child = spawn(command, args, { stdio: 'inherit' })
    /** @type {NodeJS.Signals[]} */
    const signals = ['SIGTERM', 'SIGINT', 'SIGHUP']
    /** @param {NodeJS.Signals} signal */
    const forward = (signal) => child.kill(signal)
    for (const signal of signals) process.on(signal, forward)
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      for (const name of signals) process.off(name, forward)
      settle(code ?? 128 + constants.signals[/** @type {NodeJS.Signals} */ (signal)])
    })
  })
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function works(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

/**
 * Where a program lies that Debian keeps in a folder per version: clients alone make the folder too.
 * @param {string} folder
 * @param {string} program
 */
function inSomeVersion(folder, program) {
  const versions = existsSync(folder) ? readdirSync(folder) : []
  const paths = versions.map((version) => `${folder}/${version}/${program}`)
  return paths.find((path) => existsSync(path)) ?? `${folder}/none/${program}`
}
