"""The broker that `imm up` brings along: Mosquitto where installed, otherwise iotcore; on loopback."""
