SELECT state FROM ticket WHERE number = $1
