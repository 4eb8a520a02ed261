SELECT last, owed FROM rotation_ring WHERE ring = $1
