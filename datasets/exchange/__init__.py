"""Other tools' formats: YOLO, COCO and CVAT out, CVAT in."""
