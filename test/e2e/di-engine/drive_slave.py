"""Drives the slave at 127.0.0.1:PORT as a DI-engine master would; prints what happened as one JSON object."""
import json
import sys
import time

from ding.interaction import Master
from ding.interaction.exception import (
    SlaveChannelInvalid, SlaveSlaveAlreadyConnected, SlaveTaskAlreadyExist, SlaveTaskRefused)

slave_port, master_port, channel = (int(word) for word in sys.argv[1:4])
address = 'http://127.0.0.1:%d' % master_port
seen = {}


def refusal(error):
    return {'name': type(error).__name__, 'status': error.status_code, 'code': error.code, 'data': error.data}


def attempt(name, action, expected):
    try:
        action()
        seen[name] = None
    except expected as error:
        seen[name] = refusal(error)


with Master('127.0.0.1', master_port, channel=channel, my_address=address) as master:
    seen['ping'] = master.ping()
    connection = master.new_connection('conn', '127.0.0.1', slave_port)
    with connection as conn:
        seen['connected'] = [conn.is_connected, 'conn' in master, master['conn'] == conn]
        attempt('connect twice', conn.connect, SlaveSlaveAlreadyConnected)
        task = conn.new_task({'a': 2, 'b': 3})
        heard = []
        task.on_complete(lambda data, result: heard.append([data, result]))
        task.start().join()
        seen['sum'] = [task.status.name, task.result, list(heard)]
        task = conn.new_task({'a': 2, 'bb': 3}).on_fail(lambda data, result: heard.append('failed'))
        task.start().join()
        seen['fail'] = [task.status.name, task.result, heard[1:]]
        task = conn.new_task({'throw': 'out of cheese'}).start().join()
        seen['throw'] = [task.status.name, task.result]
        seen['values'] = []
        for value in [0, '', [], False, None, {'x': [1.5, None]}, 'é€😀']:
            seen['values'].append(conn.new_task({'echo': value}).start().join().result)
        strange = conn.new_task({'echo': [float('nan'), float('inf'), -float('inf')]}).start().join().result
        seen['strange'] = [str(value) for value in strange]
        attempt('refused', conn.new_task({'refuse': 'no thanks'}).start, SlaveTaskRefused)
        slow = conn.new_task({'sleep': 1500})
        slow.start()
        attempt('busy', conn.new_task({'a': 1, 'b': 1}).start, SlaveTaskAlreadyExist)
        slow.join()
        seen['slow'] = slow.status.name
        # Longer than the tolerance of the slave and several heartbeats: the connection must live.
        time.sleep(3.3)
        seen['after idle'] = conn.new_task({'a': 1, 'b': 1}).start().join().result
    seen['disconnected'] = [connection.is_connected, 'conn' in master]
    with master.new_connection('again', '127.0.0.1', slave_port) as conn:
        seen['again'] = conn.new_task({'a': 4, 'b': 5}).start().join().result

with Master('127.0.0.1', master_port + 0, channel=channel + 1, my_address=address) as master:
    attempt('channel', lambda: master.new_connection('c', '127.0.0.1', slave_port).connect(), SlaveChannelInvalid)

print(json.dumps(seen))
