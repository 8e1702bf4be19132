/**
 * Shell that lets sshd read its files again and returns when it listens; sessions go on. A reload would return before
 * sshd has closed its sockets and opened them anew.
 */
export const restartSshd = 'systemctl reset-failed ssh; systemctl restart ssh';
