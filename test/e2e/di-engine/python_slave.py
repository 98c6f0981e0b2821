"""A DI-engine slave at 127.0.0.1:PORT until its stdin ends."""
import sys
import time

from ding.interaction import Slave, TaskFail
from ding.interaction.slave import ConnectionRefuse, TaskRefuse

port, channel = int(sys.argv[1]), int(sys.argv[2])


class MySlave(Slave):

    def _before_connection(self, data):
        if data.get('secret') == 'wrong':
            raise ConnectionRefuse({'why': 'wrong secret'})

    def _before_task(self, data):
        if 'refuse' in data:
            raise TaskRefuse({'why': data['refuse']})

    def _process_task(self, task):
        if 'sleep' in task:
            time.sleep(task['sleep'])
        if 'echo' in task:
            return task['echo']
        if 'a' in task and 'b' in task:
            return {'sum': task['a'] + task['b']}
        raise TaskFail(result={'message': 'ab not found'}, message='A or B not found in task data.')


with MySlave('127.0.0.1', port, heartbeat_span=0.2, channel=channel):
    print('ready', flush=True)
    sys.stdin.read()
