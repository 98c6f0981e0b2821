import { type Argument, type KeptProgram, stopTimeoutS } from "./kept-program.ts";
import { pathForSystemd, quoteForSystemd, quoteProgramForSystemd } from "./quote.ts";

const CREDENTIAL = "token";
const RESTART_S = 5;

/** A systemd unit that keeps the program running. */
export function systemdUnit(what: KeptProgram): string {
  const unit = `ding-${what.name}`;
  const { name, title, folder, user, tokenFile } = what;
  return [
    `# Keeps the ${title} "${name}" running. To install it, as root:`,
    `#   cp ${unit}.service /etc/systemd/system/`,
    `#   systemctl daemon-reload && systemctl enable --now ${unit}`,
    "[Unit]",
    `Description=${title} ${name}`,
    "Wants=network-online.target",
    "After=network-online.target",
    "# It stands by for months: starting it again is never given up.",
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    "Type=exec",
    ...userLines(user),
    `WorkingDirectory=${pathForSystemd(folder)}`,
    ...environment(what),
    ...(tokenFile ? [`LoadCredential=${CREDENTIAL}:${pathForSystemd(tokenFile)}`] : []),
    `ExecStart=${execStart(what)}`,
    ...(what.reloads ? ["ExecReload=/bin/kill -HUP $MAINPID"] : []),
    "Restart=always",
    `RestartSec=${RESTART_S}`,
    "# A wrong option does not become right by trying again.",
    "RestartPreventExitStatus=2",
    "# The signal goes to the program alone: its workers finish what they do.",
    "KillSignal=SIGTERM",
    "KillMode=mixed",
    `TimeoutStopSec=${stopTimeoutS(what.drainTimeoutMs)}`,
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ].join("\n");
}

/** "ding" or "ding:staff" */
function userLines(text: string): string[] {
  const [user = "", group] = text.split(":");
  return [`User=${user}`, ...(group === undefined ? [] : [`Group=${group}`])];
}

function environment({ name, needsTokenVariable }: KeptProgram): string[] {
  const file = `/etc/ding/${name}.env`;
  return needsTokenVariable
    ? [
        `# Holds the line DING_TOKEN=…, for root's eyes only: chmod 600 ${file}`,
        `EnvironmentFile=${file}`,
      ]
    : [`EnvironmentFile=-${file}`];
}

function execStart({ program, prefix = [], args }: KeptProgram): string {
  return [quoteProgramForSystemd(program), ...[...prefix, ...args].map(word)].join(" ");
}

function word(argument: Argument): string {
  if (typeof argument === "string") return quoteForSystemd(argument);
  const text = quoteForSystemd(argument.text);
  switch (argument.kind) {
    case "with-host":
      return `${text}%H`;
    case "with-token-file":
      // systemd copies the file to a place that only this unit can read.
      return `${text}\${CREDENTIALS_DIRECTORY}/${CREDENTIAL}`;
  }
}
